def start(job):
    queue.push(job)
    metrics.count("start")
    notify(job.owner)
    return job.id


def resume(job):
    queue.push(job)
    notify(job.owner)
    return job.id
