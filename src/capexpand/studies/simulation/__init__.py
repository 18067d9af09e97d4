"""A plan or a policy followed through very many fresh futures, on any number of machines."""
