"""Training of glm-tiny: a small checkpoint of the exact GLM-Image architecture."""
