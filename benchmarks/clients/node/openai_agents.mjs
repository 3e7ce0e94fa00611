// OpenAI Agents for JavaScript
//
// packages: @openai/agents zod
// asks: tool

import { Agent, run, setTracingDisabled, tool } from "@openai/agents";
import { z } from "zod";

setTracingDisabled(true);
const weather = tool({
  name: "weather",
  description: "The weather in a city.",
  parameters: z.object({ city: z.string() }),
  execute: async () => "14 degrees",
});
const agent = new Agent({ name: "helper", model: "m", tools: [weather] });
const result = await run(agent, "The weather in Bern?", { stream: true });
for await (const text of result.toTextStream()) process.stdout.write(text);
await result.completed;
