{{ config(materialized='view') }}

{{ performance_by(['source', 'medium', 'campaign']) }}
