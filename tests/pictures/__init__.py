"""The pictures of terminals in the README: real runs, drawn as SVG for light and dark pages."""
