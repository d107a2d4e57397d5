{#-
    Whether the model goes on with its table, so that only rows of the batch are read. dbt asks the flag --full-refresh and the database; a
    table of ours is also built from scratch when a refresh marked it so, or what it reads was built from scratch.
-#}
{% macro is_incremental() %}
    {{ return(execute and model.resource_type == 'model' and is_batched(table_node()) and not is_rebuilt(table_node().name)) }}
{% endmacro %}
