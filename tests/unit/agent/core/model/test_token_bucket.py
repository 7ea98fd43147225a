"""The token bucket."""

from agent.core.model.token_bucket import TokenBucket


def test_a_bucket_gives_its_burst_and_then_its_rate():
    bucket = TokenBucket(2.0, 3)
    assert [bucket.try_acquire(10.0) for _ in range(4)] == [True, True, True, False]
    assert [bucket.try_acquire(10.5), bucket.try_acquire(10.5)] == [True, False]
    assert [bucket.try_acquire(1000.0) for _ in range(4)] == [True, True, True, False]
    assert not bucket.try_acquire(5.0)


def test_it_says_how_long_until_there_is_one():
    bucket = TokenBucket(0.5, 1)
    assert bucket.wait_s(10.0) == 0.0
    assert bucket.try_acquire(10.0)
    assert [bucket.wait_s(at) for at in (10.0, 11.0, 12.0, 99.0)] == [2.0, 1.0, 0.0, 0.0]
