"""Instructor: `create_partial`

packages: instructor
asks: object
"""

import instructor
from openai import OpenAI
from pydantic import BaseModel


class Saying(BaseModel):
    text: str


client = instructor.from_openai(OpenAI(), mode=instructor.Mode.TOOLS)
said = ""
for part in client.chat.completions.create_partial(
    model="m", messages=[{"role": "user", "content": "Hi"}], response_model=Saying
):
    new = part.text or ""
    print(new.removeprefix(said), end="", flush=True)
    said = new
