"""What the codec's learned parts are fitted with: recordings and composed tones in, files of coefficients out."""
