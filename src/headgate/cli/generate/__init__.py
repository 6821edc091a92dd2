"""Drawing the commands from the action declarations; runs when Headgate is built, never after."""
