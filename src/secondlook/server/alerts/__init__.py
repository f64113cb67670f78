"""What is told to others: signed webhooks and MQTT."""
