"""What is to be done with a torrent, and why. Pure: facts and policy in, a verdict with its whole trace out."""
