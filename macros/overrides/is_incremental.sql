{#-
    Whether the model updates its table, so that only rows of the batch are read. dbt checks the flag --full-refresh and the database; a
    table of ours is also built from scratch when a refresh marked it so, or when one of its inputs was.
-#}
{% macro is_incremental() %}
    {{ return(execute and model.resource_type == 'model' and our_models().get(table_name(), {}).is_batched and not is_rebuilt(table_name())) }}
{% endmacro %}
