"""Synthetic articulatory speech: text -> timed phones -> gestures -> tract movement and audio.

The order of the modules is the data's way: `phones` (eSpeak NG), `inventory` (what each phone does),
`speakers`, `score` (gestural score), `tract` (VocalTractLab), `corpus` (files on disk).
"""
