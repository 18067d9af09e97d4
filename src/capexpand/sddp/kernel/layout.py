"""Which arrays a program consists of: their numbers in its two buffers."""

from __future__ import annotations

# arrays of floats
VALUES = 0  # matrix by columns
ROW_VALUES = 1  # matrix by rows
COST = 2  # of all variables, logicals last; may be shifted
TRUE_COST = 3  # before shifting
LOWER = 4
UPPER = 5
REDUCED = 6  # reduced costs
ALPHA_ROW = 7  # entries of the pivot row
SOLUTION = 8  # values of the columns and theta
VALUE = 9  # of the basic variables, by place in the basis
WEIGHT = 10  # squared norms of the rows of the inverse, by place
DUAL = 11  # by row
ROW_WORK = 12
COLUMN_WORK = 13
RIGHT_WORK = 14
NORM_WORK = 15
STATE_WORK = 16
CUT_SLOPE = 17  # slopes of the active cuts in the live states
CUT_INTERCEPT = 18
UPPER_PIVOT = 19  # inverse pivots of U
ETA_PIVOT = 20  # inverse pivots of the column etas
FACTOR_VALUE = 21  # entries of all factors
LIVE_WORK = 22
FLOAT_ARRAYS = 23

# arrays of whole numbers
STARTS = 0  # matrix by columns
ROWS = 1  # matrix by columns
ROW_STARTS = 2  # matrix by rows
ROW_COLUMNS = 3  # matrix by rows
OWN_LIVE = 4  # place among the live states that a column hands on, or -1
LIVE = 5  # columns of the live states, those that can leave zero
STATUS = 6  # of all variables
MOVABLE = 7  # whether a variable may enter the basis
PLACE_OF = 8  # place of a basic variable
HEAD = 9  # the basic variable at each place
CUT_INDEX = 10  # of each active cut in the pool
CUT_USED = 11  # when an active cut last carried a multiplier
CANDIDATES = 12  # of the ratio test
TOUCHED = 13  # variables whose entry of the pivot row is not zero
MARK = 14  # whether a variable is in touched
FLIPPED = 15  # variables whose bound changed in the ratio test
LOWER_ROW = 16  # pivot rows of L
LOWER_START = 17
LOWER_END = 18
UPPER_ROW = 19  # pivot rows of U
UPPER_PLACE = 20  # pivot places of U
UPPER_START = 21
UPPER_END = 22
ETA_PLACE = 23  # place that an eta changes
ETA_ROW = 24  # row of a row eta, or -1
ETA_START = 25
FACTOR_INDEX = 26  # rows or places of the entries of all factors
SLACK_PLACE = 27  # of each active cut: the place of its logical where no factor knows it, or -1
ROW_ORDER = 28  # matrix by rows: where each entry stands by columns
