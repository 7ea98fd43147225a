"""The setup in the browser: code that its pages share. `agent.setup` has the steps, texts and validation."""
