"""A bundle cut into volumes for small media, put together again, or read from them as they are."""
