"""Where to turn six joints so that the hand goes along a circle: a robot arm.

Joint k turns by q[k] about the z axis of a frame, and a rigid link with twist alpha, length a and
offset d (Denavit and Hartenberg 1955) carries the next one:

  R <- R Rz(q[k]),  x <- x + R (a, 0, d),  R <- R Rx(alpha).

The hand must pass the points of a circle, pointing downwards, and neighbouring joint angles of the
path should differ little: a least-squares problem for the angles at all points, with the Jacobian
from dt.jacobian. Nested loops over points and joints, as one would write them.

Printed: the path; the Jacobian beside the geometric one, whose columns are z x (hand - joint) and z
(Siciliano et al. 2009, section 3.1), and the complex step; singular configurations by its smallest
singular value; what a Jacobian costs.

    python examples/robot_arm.py
"""

import time

import numpy as np
from scipy.optimize import least_squares

import dualtape as dt
import dualtape.numpy as dnp

# The PUMA 560, lengths in metres. Source: Corke and Armstrong-Helouvry (1994).
TWISTS = np.array([0.5, 0.0, -0.5, 0.5, -0.5, 0.0]) * np.pi
LENGTHS = np.array([0.0, 0.4318, 0.0203, 0.0, 0.0, 0.0])
OFFSETS = np.array([0.0, 0.0, 0.15005, 0.4318, 0.0, 0.0])
POINTS = 16
GRIP = np.diag([1.0, -1.0, -1.0])  # the hand points downwards
SMOOTHNESS = 0.01  # metres for each radian between neighbours


def rotation_z(angle):
    c, s = np.cos(angle), np.sin(angle)
    return dnp.array([[c, -s, 0.0], [s, c, 0.0], [0.0, 0.0, 1.0]])


def rotation_x(angle):
    c, s = np.cos(angle), np.sin(angle)
    return dnp.array([[1.0, 0.0, 0.0], [0.0, c, -s], [0.0, s, c]])


def hand(q):
    """Position and orientation of the hand."""
    R, x = np.eye(3), np.zeros(3)
    for k in range(6):
        R = R @ rotation_z(q[k])
        x = x + R @ np.array([LENGTHS[k], 0.0, OFFSETS[k]])
        R = R @ rotation_x(TWISTS[k])
    return x, R


def position(q):
    return hand(q)[0]


def geometric_jacobian(q):
    """The velocity of the hand by each joint: z x (hand - joint), by hand."""
    R, x = np.eye(3), np.zeros(3)
    axes, joints = [], []
    for k in range(6):
        axes.append(R[:, 2])
        joints.append(x)
        R = R @ rotation_z(q[k])
        x = x + R @ np.array([LENGTHS[k], 0.0, OFFSETS[k]])
        R = R @ rotation_x(TWISTS[k])
    return np.stack([np.cross(z, x - p) for z, p in zip(axes, joints, strict=True)], axis=1)


def circle():
    angle = 2 * np.pi * np.arange(POINTS) / POINTS
    height = np.full(POINTS, -0.1)
    return np.stack([0.45 + 0.12 * np.cos(angle), 0.1 + 0.12 * np.sin(angle), height], axis=1)


def misses(path, targets):
    """What is left at each point, and how far the joints turn between neighbours."""
    path = path.reshape(POINTS, 6)
    left = []
    for q, target in zip(path, targets, strict=True):
        x, R = hand(q)
        left.append(x - target)
        left.append(0.1 * (R - GRIP).ravel())
    turns = path - np.roll(path, 1, axis=0)
    return np.concatenate([*left, SMOOTHNESS * turns.ravel()])


def plan():
    targets = circle()
    jacobian = dt.jit(dt.jacobian(misses))
    rest = np.array([0.4, 0.7, -3.3, 0.0, -0.5, 3.6])
    start = np.tile(rest, POINTS)
    found = least_squares(misses, start, jac=jacobian, args=(targets,), xtol=1e-12, ftol=1e-12)
    assert found.success, found.message
    return found, targets


def report_path(found, targets):
    path = found.x.reshape(POINTS, 6)
    print(f"{found.nfev} steps, {found.njev} Jacobians of {found.jac.shape}; angles in degrees\n")
    print(f"{'point':6}{'joints':>28}{'':14}{'miss, mm':>9}{'smallest singular value':>26}")
    for k in range(0, POINTS, 2):
        angles = "".join(f"{angle:7.1f}" for angle in np.degrees(path[k]))
        miss = 1e3 * np.linalg.norm(position(path[k]) - targets[k])
        smallest = np.linalg.svd(dt.jacobian(position)(path[k]))[1][-1]
        print(f"{k:<6}{angles}{miss:9.2f}{smallest:26.3f}")
        assert miss < 5
        assert smallest > 0.05


def report_checks(found, targets):
    q = found.x[:6]
    actual = dt.jacobian(position)(q)
    complex_step = np.stack([position(q + 1e-20j * e).imag / 1e-20 for e in np.eye(6)], axis=1)
    error = np.max(np.abs(actual - geometric_jacobian(q)))
    print(f"\nJacobian, difference from the geometric one:         {error:.1e}")
    assert error < 1e-14
    error = np.max(np.abs(actual - complex_step))
    print(f"Jacobian, difference from the complex step:          {error:.1e}")
    assert error < 1e-14
    v = np.random.default_rng(2).standard_normal(found.x.size)
    step = 1e-6
    wanted = (misses(found.x + step * v, targets) - misses(found.x - step * v, targets)) / 2 / step
    error = np.max(np.abs(found.jac @ v - wanted))
    print(f"the whole path's, difference from differences along v: {error:.1e}")
    assert error < 1e-8


def milliseconds(f, *args):
    f(*args)
    took = []
    for _ in range(10):
        start = time.perf_counter()
        f(*args)
        took.append(time.perf_counter() - start)
    return 1e3 * float(np.median(took))


def report_times(found, targets):
    value = milliseconds(misses, found.x, targets)
    jacobian = milliseconds(dt.jit(dt.jacobian(misses)), found.x, targets)
    print(f"\nthe path in NumPy {value:.2f} ms, its Jacobian {jacobian:.2f} ms")


def main():
    found, targets = plan()
    report_path(found, targets)
    report_checks(found, targets)
    report_times(found, targets)


if __name__ == "__main__":
    main()
