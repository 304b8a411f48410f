"""Receives OTLP on loopback and shows each finished trace as a tree in the terminal."""
