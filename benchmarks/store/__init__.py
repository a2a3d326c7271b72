"""How much the store takes: claims a second, trials written a second, against what else there is."""
