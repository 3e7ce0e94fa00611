// LangChain for JavaScript: `ChatOpenAI`
//
// packages: @langchain/openai @langchain/core
// asks: chat

import { ChatOpenAI } from "@langchain/openai";

const configuration = { baseURL: process.env.OPENAI_BASE_URL };
for await (const chunk of await new ChatOpenAI({ model: "m", configuration }).stream("Hi")) {
  process.stdout.write(chunk.text);
}
