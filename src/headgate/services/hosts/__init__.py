"""Activation keys, host collections, hosts: who gets which content."""
