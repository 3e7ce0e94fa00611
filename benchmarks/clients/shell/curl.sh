# curl
#
# packages: -
# asks: chat

curl --silent --show-error --fail-with-body --no-buffer "$OPENAI_BASE_URL/chat/completions" \
  --header "Authorization: Bearer $OPENAI_API_KEY" --header "Content-Type: application/json" \
  --data '{"model": "m", "stream": true, "messages": [{"role": "user", "content": "Hi"}]}' |
  sed -n 's/.*"content":"\([^"]*\)".*/\1/p' | tr -d '\n'
exit "${PIPESTATUS[0]}"
