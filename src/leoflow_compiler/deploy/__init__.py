"""From a project to a version that a control plane runs: plan, build, push, pin, register."""
