// Vercel AI SDK: a tool, Responses
//
// packages: ai @ai-sdk/openai zod
// asks: tool

import { createOpenAI } from "@ai-sdk/openai";
import { stepCountIs, streamText, tool } from "ai";
import { z } from "zod";

const openai = createOpenAI({ baseURL: process.env.OPENAI_BASE_URL });
const weather = tool({
  description: "The weather in a city.",
  inputSchema: z.object({ city: z.string() }),
  execute: async () => "14 degrees",
});
const { textStream } = streamText({
  model: openai.responses("m"),
  prompt: "The weather in Bern?",
  tools: { weather },
  stopWhen: stepCountIs(3),
});
for await (const text of textStream) process.stdout.write(text);
