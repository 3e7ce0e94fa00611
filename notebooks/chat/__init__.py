"""A small chat for production: FastAPI, server-sent events, and a page.

Copy the folder and change `models.py`. From the folder that holds it:

    uvicorn --factory chat.app:create --app-dir notebooks
"""
