"""Break-even value of each driver, the values implied by the share-price reaction, and past spending."""
