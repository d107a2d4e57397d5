{{ performance_by(['source', 'medium', 'campaign']) }}
