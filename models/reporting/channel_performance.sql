{{ config(materialized='view') }}

{{ performance_by([]) }}
