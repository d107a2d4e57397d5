{{ performance_by([]) }}
