// Vercel AI SDK: `streamText`, chat completions
//
// packages: ai @ai-sdk/openai
// asks: chat

import { createOpenAI } from "@ai-sdk/openai";
import { streamText } from "ai";

const openai = createOpenAI({ baseURL: process.env.OPENAI_BASE_URL });
const { textStream } = streamText({ model: openai.chat("m"), prompt: "Hi" });
for await (const text of textStream) process.stdout.write(text);
