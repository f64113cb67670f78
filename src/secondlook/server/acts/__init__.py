"""What may be done. Each act asks first whether the actor may, then does it, then writes it down."""
