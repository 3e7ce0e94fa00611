// openai for JavaScript: chat completions
//
// packages: openai
// asks: chat

import OpenAI from "openai";

const messages = [{ role: "user", content: "Hi" }];
const stream = await new OpenAI().chat.completions.create({ model: "m", messages, stream: true });
for await (const chunk of stream) {
  process.stdout.write(chunk.choices[0]?.delta?.content ?? "");
}
