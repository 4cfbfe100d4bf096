"""The tables of app.py without Azure: an ASGI app under uvicorn, and the live page. For laptops and plain servers."""
