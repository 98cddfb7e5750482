"""What a world tells as it goes on: collected when a batch is executed, told when it is durable."""
