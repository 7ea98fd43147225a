"""The set-up in the browser: what its pages share. The steps, words and judgement are those of `agent.setup`."""
