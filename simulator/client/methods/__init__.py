"""The methods of a client, one module per noun: paths, parameters and answers, and no IO."""
