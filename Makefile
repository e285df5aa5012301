.PHONY: proto
proto:
	.ci/generate-proto
