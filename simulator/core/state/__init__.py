"""What is: the records of an exchange, its books and ledger, and how events change them."""
