// fetch of Node itself
//
// packages: -
// asks: chat

const response = await fetch(`${process.env.OPENAI_BASE_URL}/chat/completions`, {
  method: "POST",
  headers: {
    Authorization: `Bearer ${process.env.OPENAI_API_KEY}`,
    "Content-Type": "application/json",
  },
  body: JSON.stringify({ model: "m", messages: [{ role: "user", content: "Hi" }], stream: true }),
});
let rest = "";
for await (const part of response.body.pipeThrough(new TextDecoderStream())) {
  const lines = (rest + part).split("\n");
  rest = lines.pop();
  for (const line of lines) {
    const data = line.replace(/^data: /, "");
    if (data && data !== "[DONE]") {
      process.stdout.write(JSON.parse(data).choices[0].delta.content ?? "");
    }
  }
}
