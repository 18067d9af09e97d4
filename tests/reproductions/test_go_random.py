"""The generator against numbers that Go's documentation and countless programs show."""

from capexpand_reproductions.go_random import GoRandom, warmed_up_state


def test_the_state_after_the_warm_up_is_the_one_that_go_ships():
    signed = [word - (1 << 64) if word >> 63 else word for word in warmed_up_state()[:3]]
    assert signed == [-4181792142133755926, -4576982950128230565, 1395769623340756751]


def test_the_first_numbers_of_seed_one_are_those_of_every_unseeded_go_program():
    random = GoRandom(1)
    assert [random.below(100) for _ in range(10)] == [81, 87, 47, 59, 81, 18, 25, 40, 56, 0]


def test_seeds_that_differ_by_the_modulus_are_the_same_seed():
    assert GoRandom(7).int63() == GoRandom(7 + (1 << 31) - 1).int63()


def test_a_power_of_two_as_limit_uses_the_low_bits():
    plain, limited = GoRandom(3), GoRandom(3)
    assert limited.below(8) == (plain.int63() >> 32) & 7


def test_a_permutation_holds_every_number_once():
    assert sorted(GoRandom(42).permutation(500)) == list(range(500))


def test_a_shuffle_keeps_what_it_shuffles():
    items = list("abcdefghij") * 3
    GoRandom(42).shuffle(items)
    assert sorted(items) == sorted("abcdefghij" * 3)
    assert items != list("abcdefghij") * 3
