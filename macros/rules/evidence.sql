{#- Rules about the evidence of one message. -#}

{#- True when the host is neither the page's own nor one of own_domains or below one. -#}
{% macro is_other_site(host, page_host) -%}
    {{ host }} is not null
    and {{ host }} != coalesce({{ page_host }}, '')
    {%- for domain in listed('own_domains') %}
    {%- set ending = ('.' ~ domain).rstrip('.') %}
    and right('.' || {{ host }}, {{ ending | length }}) != {{ lower_case(quoted(ending)) }}
    {%- endfor -%}
{%- endmacro %}

{#- The parameters without columns of their own (all but utm_*): any of them may be a click id. -#}
{% macro other_parameters(parameters) -%}
    case when lower({{ parameters }}) like '%&utm_%' then {{ regexp_replaced(parameters, '&utm_[^?]*[?]', '', 'gi') }} else {{ parameters }} end
{%- endmacro %}

{#- Their names in lower case, as '&gclid&page'; '' without any. -#}
{% macro parameter_names(parameters) -%}
    lower({{ regexp_replaced(parameters, '=[^?]*[?]', '') }})
{%- endmacro %}

{#-
    A text as one of several in a longer one, which no other texts give: chr(31) ends it and chr(30) stands for null, so where a
    visitor put these characters into it, they are written in another way.
-#}
{% macro text_part(text) -%}
    coalesce(replace(replace({{ text }}, chr(30), chr(30) || '0'), chr(31), chr(30) || '1'), chr(30)) || chr(31)
{%- endmacro %}

{#- Identifies everything that decides the class of a touch: few combinations stand for all touches. -#}
{% macro combination_id(referrer_host='referrer_host') -%}
    md5(
        {%- for column in ['utm_source', 'utm_medium', 'utm_campaign', referrer_host, 'parameter_names'] %}
        {{ text_part(column) }} ||
        {%- endfor %}
        cast(has_campaign_parameter as text)
    )
{%- endmacro %}

{#-
    Condition on an event with a campaign parameter and a referrer: that the referrer decides its source. If the referrer turns out
    not to count, its combination is another one.
-#}
{% macro is_told_by_referrer() -%}
    has_campaign_parameter and coalesce(utm_source, utm_medium) is null and referrer_host is not null
{%- endmacro %}

{#- Everything that makes two touches differ, as one text; case and surrounding blanks do not. -#}
{% macro evidence_text() -%}
    {%- set text -%}
        {%- for column in ['utm_source', 'utm_medium', 'utm_campaign', 'external_host', 'click_id'] -%}
        {{ text_part('coalesce(' ~ trimmed(column) ~ ", '')") }}{{ ' || ' if not loop.last }}
        {%- endfor -%}
    {%- endset -%}
    {{ lower_case(text) }}
{%- endmacro %}

{#- The same for a direct touch. -#}
{% macro no_evidence_text() -%}
    repeat(chr(31), 5)
{%- endmacro %}

{#- The combination of a touch without any evidence. -#}
{% macro direct_combination_id() -%}
    '(direct)'
{%- endmacro %}

{#- The combination of the entry of a session without evidence in which no browser or app was seen. -#}
{% macro untracked_combination_id() -%}
    '(untracked)'
{%- endmacro %}

{#-
    Query on the forms under which the seeds may list a host, one row each: the host itself, the domains above it, both with a
    last part or two of letters replaced by * (google.co.uk as google.*), and the domains above it as *.google.com, which stands
    for subdomains only.
-#}
{% macro host_forms(hosts, column) -%}
    select distinct
        host,
        unnest(case when label_number > 1 then {{ list_of(['form', "'*.' || form"]) }} else {{ list_of(['form']) }} end) as form
    from (
        select
            host,
            label_number,
            unnest({{ list_of([
                labels_from('label_number', 'label_count'),
                "case when host like '%.%' and " ~ regexp_found('host', "'[.][a-z]+$'") ~ " then " ~ labels_from('label_number', 'label_count - 1') ~ " || '.*' end",
                "case when " ~ regexp_found('host', "'[.][a-z]+[.][a-z]+$'") ~ " then " ~ labels_from('label_number', 'label_count - 2') ~ " || '.*' end"
            ]) }}) as form
        from (
            select
                lower({{ column }}) as host,
                {{ parts_of('lower(' ~ column ~ ')', '.') }} as labels,
                {{ label_count(parts_of('lower(' ~ column ~ ')', '.')) }} as label_count,
                {{ label_count(parts_of('lower(' ~ column ~ ')', '.')) }} + 1 - number_from_end as label_number
            from {{ hosts }}
            cross join (select unnest({{ list_of([1, 2, 3, 4, 5, 6, 7, 8]) }}) as number_from_end) as numbers
            where {{ column }} is not null
        ) as labelled
        where label_number > 0
    ) as forms
    where form is not null and form not in ('', '.*')
{%- endmacro %}

{#- Query on the row of the seed referrers that stands for each host: the longest pattern wins, then the smallest. -#}
{% macro host_matches(forms) -%}
    select host, host_pattern, source, category
    from (
        select
            host,
            host_pattern,
            source,
            category,
            row_number() over (partition by host order by length(host_pattern) desc, host_pattern) as choice
        from {{ forms }}
        inner join {{ ref('referrers') }} on {{ forms }}.form = host_pattern
    ) as ranked
    where choice = 1
{%- endmacro %}

{#-
    The row of a seed, or the setting, that gave a combination of evidence another class. now, before: relations with
    the columns of evidence_classes.
-#}
{% macro reclassified_by(now, before) -%}
    {%- set rows = {} -%}
    {%- for seed, columns in {
        'excluded_referrers': ['excluded_domain'], 'click_ids': ['click_id_name'], 'referrers': ['referrer_pattern', 'category_pattern'],
        'channel_rules': ['channel_rule_order']
    }.items() -%}
        {%- set named = [] -%}
        {%- for relation in [now, before] -%}
            {%- for column in columns -%}{%- do named.append('cast(' ~ relation ~ '.' ~ column ~ ' as text)') -%}{%- endfor -%}
        {%- endfor -%}
        {%- do rows.update({seed: quoted(seed ~ '.csv') ~ " || coalesce(': ' || coalesce(" ~ named | join(', ') ~ "), '')"}) -%}
    {%- endfor -%}
    {%- set is_another_source -%}
        ({{ now }}.source is distinct from {{ before }}.source or {{ now }}.medium is distinct from {{ before }}.medium)
    {%- endset %}
                    case
                        when
                            {{ now }}.channel = {{ before }}.channel and {{ now }}.is_paid = {{ before }}.is_paid
                            and {{ now }}.is_attributed != {{ before }}.is_attributed
                            then 'attributed_channels'
                        when
                            {{ now }}.excluded_domain is distinct from {{ before }}.excluded_domain
                            or {{ now }}.return_paths is distinct from {{ before }}.return_paths
                            then {{ rows.excluded_referrers }}
                        when
                            {{ now }}.click_id_name is distinct from {{ before }}.click_id_name
                            or {{ now }}.source_rule = 'click_id' and {{ is_another_source }}
                            or {{ now }}.channel = {{ before }}.channel and {{ now }}.click_id_name is not null
                            then {{ rows.click_ids }}
                        when
                            {{ now }}.referrer_pattern is distinct from {{ before }}.referrer_pattern
                            or {{ now }}.category_pattern is distinct from {{ before }}.category_pattern
                            or {{ is_another_source }}
                            then {{ rows.referrers }}
                        else {{ rows.channel_rules }}
                    end
{%- endmacro %}
