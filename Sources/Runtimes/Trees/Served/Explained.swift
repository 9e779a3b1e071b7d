extension TabularModel { var isExplained: Bool { false } }
