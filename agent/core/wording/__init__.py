"""What people read: reasons, states, alarms and outcomes in the languages of the border."""
