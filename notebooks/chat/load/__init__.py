"""Many readers at once: how long each waits for the first text, and from text to text.

Small from a notebook, as here; large from the command line, with the same readers:

    locust -f notebooks/chat/load/locustfile.py --headless -u 200 -r 20 -t 2m \
        --host http://127.0.0.1:8000 --processes 2

    crowds("http://127.0.0.1:8000", users=[5, 20, 40])
"""

from chat.load.crowd import Crowd, crowds, saved

__all__ = ["Crowd", "crowds", "saved"]
