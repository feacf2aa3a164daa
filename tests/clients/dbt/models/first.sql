{{ var('first') }}
