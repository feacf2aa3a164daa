-- depends_on: {{ ref('first') }}
{{ var('second') }}
