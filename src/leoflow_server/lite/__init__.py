"""All of Leoflow on a laptop: watch, compile in a sub-process, register, run."""
