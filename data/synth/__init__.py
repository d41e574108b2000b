"""Synthetic articulatory speech: text -> timed phones -> gestures -> tract movement and audio.

The modules in the order of the data flow: `phones` (eSpeak NG), `inventory` (what each phone does),
`speakers`, `score` (gestural score), `tract` (VocalTractLab), `corpus` (files on disk).
"""
