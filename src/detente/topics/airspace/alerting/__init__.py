"""Alerts between aircraft from their states alone: volumes, times to them, levels, hysteresis. Pure, no private part.

The volumes are those of the published literature: the cylinder (CD3D), the well-clear family of Muñoz, Narkawicz,
Chamberlain, Consiglio and Upchurch ("A Family of Well-Clear Boundary Models for the Integration of UAS in the NAS",
AIAA 2014) and TCAS II's resolution advisory as analysed by the same authors ("A TCAS-II Resolution Advisory Detection
Algorithm", AIAA 2013). How they are put together to alerts follows the user guide of DAIDALUS version 2.

Units are SI throughout: metres, seconds, metres a second; angles in degrees where a name says so, else radians.
"""
