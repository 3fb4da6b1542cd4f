"""Bundle adjustment: where did the cameras stand, given what they saw?

Cameras and points in space are estimated together from pictures: each observation, a point's place
in a picture, depends on one camera (rotation, position, focal length) and one point. The residual
gathers both by index, so in each row of its Jacobian nine entries of a thousand are nonzero; they
are found from the recorded program, and SciPy's least squares works on the sparse matrix.

Checked: products with the Jacobian beside central differences, and the errors left over beside
those that were put in.

    python examples/bundle_adjustment.py
"""

import numpy as np
from scipy.optimize import least_squares

import dualtape as dt

N_CAMERAS, N_POINTS = 12, 300
ERROR = 0.5  # pixels, of each coordinate


def rotate(points, vectors):
    """Each point turned about its vector, by the vector's length (Rodrigues' formula)."""
    angle = np.sqrt(np.sum(vectors**2, axis=1) + 1e-30)[:, None]
    axis = vectors / angle
    along = np.sum(axis * points, axis=1)[:, None] * axis
    across = np.stack(
        [
            axis[:, 1] * points[:, 2] - axis[:, 2] * points[:, 1],
            axis[:, 2] * points[:, 0] - axis[:, 0] * points[:, 2],
            axis[:, 0] * points[:, 1] - axis[:, 1] * points[:, 0],
        ],
        axis=1,
    )
    return np.cos(angle) * (points - along) + np.sin(angle) * across + along


def project(cameras, points):
    """Pixels of points in the pictures of as many cameras (rotation, position, focal length)."""
    seen = rotate(points, cameras[:, :3]) + cameras[:, 3:6]
    return cameras[:, 6:7] * seen[:, :2] / seen[:, 2:3]


def residual(x, camera, point, pixels):
    cameras = x[: 7 * N_CAMERAS].reshape(N_CAMERAS, 7)
    points = x[7 * N_CAMERAS :].reshape(N_POINTS, 3)
    return (project(cameras[camera], points[point]) - pixels).ravel()


def scene(rng):
    """True parameters, and who sees what: each point is in half of the pictures."""
    points = rng.uniform(-1, 1, (N_POINTS, 3))
    cameras = np.zeros((N_CAMERAS, 7))
    cameras[:, :3] = rng.normal(scale=0.3, size=(N_CAMERAS, 3))
    cameras[:, 3:5] = rng.normal(scale=0.3, size=(N_CAMERAS, 2))
    cameras[:, 5] = 5.0
    cameras[:, 6] = 800.0
    camera, point = np.nonzero(rng.random((N_CAMERAS, N_POINTS)) < 0.5)
    pixels = project(cameras[camera], points[point])
    pixels += rng.normal(scale=ERROR, size=pixels.shape)
    return np.concatenate([cameras.ravel(), points.ravel()]), camera, point, pixels


def main():
    rng = np.random.default_rng(3)
    truth, camera, point, pixels = scene(rng)
    start = truth + rng.normal(scale=0.02, size=truth.shape)
    data = (camera, point, pixels)
    jacobian = dt.sparse.prepare_jacobian(residual, start, *data)
    print(f"{jacobian}, by {jacobian.colors} products")

    step = 1e-5 * rng.normal(size=start.shape)
    difference = residual(start + step, *data) - residual(start - step, *data)
    product = 2 * (jacobian(start, *data) @ step)
    error = np.max(np.abs(product - difference)) / np.max(np.abs(difference))
    print(f"beside central differences: {error:.1e}")
    assert error < 1e-6

    found = least_squares(
        residual, start, jac=jacobian, args=data, tr_solver="lsmr", x_scale="jac", xtol=1e-6
    )
    # Of all that is measured, the parameters but for the seven of the whole scene's place and size
    # are fitted away.
    freedom = pixels.size - (truth.size - 7)
    left = np.sqrt(2 * found.cost / freedom)
    print(f"{found.nfev} steps; errors left {left:.3f} pixels, put in {ERROR}")
    assert abs(left / ERROR - 1) < 0.05


if __name__ == "__main__":
    main()
