"""The page Numbers: cards with a chart and a table each, files for spreadsheets, and periods by their URL."""
