class Swaps:
    def __init__(self, office, agreements):
        self._office = office
        self.driver = None
