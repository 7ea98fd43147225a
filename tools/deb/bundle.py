def bundle(*a): raise NotImplementedError
