"""What somebody does who wants the barrier to open: each attack, and what the gate does then."""
