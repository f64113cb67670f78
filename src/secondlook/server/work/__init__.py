"""What takes long or opens what strangers sent: each in a process of its own."""
