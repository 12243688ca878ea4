"""What answers: the Ray Serve application, its engines and its routes."""
