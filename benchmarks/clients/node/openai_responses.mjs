// openai for JavaScript: Responses
//
// packages: openai
// asks: chat

import OpenAI from "openai";

const stream = await new OpenAI().responses.create({ model: "m", input: "Hi", stream: true });
for await (const event of stream) {
  if (event.type === "response.output_text.delta") process.stdout.write(event.delta);
}
